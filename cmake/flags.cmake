# Warnings and hardening (OpenSSF guide, reference reliability 7.3). Flags that a compiler does not know are probed away.
include(CheckCCompilerFlag)

add_library(pw_flags INTERFACE)
target_compile_definitions(pw_flags INTERFACE _GNU_SOURCE)
target_include_directories(pw_flags INTERFACE ${CMAKE_SOURCE_DIR})

set(wanted
  -Wall -Wextra -Wformat=2 -Wconversion -Wimplicit-fallthrough -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wvla -Wundef
  -Werror=format-security -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion
  -Wtrampolines -Wbidi-chars=any -Wno-string-conversion # assert(!"why") is our idiom
  -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing)
if(CMAKE_C_COMPILER_ID MATCHES Clang)
  list(APPEND wanted -Wno-sign-conversion) # of enums; gcc, which builds what is shipped, looks at numbers
endif()
if(PW_WERROR)
  list(APPEND wanted -Werror)
endif()
if(NOT PW_SANITIZE)
  list(APPEND wanted -fstack-clash-protection -fstack-protector-strong -fcf-protection=full
    -ftrivial-auto-var-init=zero)
  if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    target_compile_options(pw_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  endif()
  target_link_options(pw_flags INTERFACE -pie -Wl,-z,nodlopen -Wl,-z,noexecstack -Wl,-z,relro
    -Wl,-z,now -Wl,--as-needed)
endif()
foreach(flag IN LISTS wanted)
  string(MAKE_C_IDENTIFIER "HAS${flag}" known)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    target_compile_options(pw_flags INTERFACE ${flag})
  endif()
endforeach()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(PW_SANITIZE)
  target_compile_options(pw_flags INTERFACE -fsanitize=${PW_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(pw_flags INTERFACE -fsanitize=${PW_SANITIZE})
  if(NOT PW_SANITIZE STREQUAL thread)
    target_compile_options(pw_flags INTERFACE -fno-sanitize-recover=all)
  endif()
endif()
if(PW_FUZZ)
  target_compile_options(pw_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(PW_FAILPOINTS)
  target_compile_definitions(pw_flags INTERFACE PW_FAILPOINTS=1)
endif()
