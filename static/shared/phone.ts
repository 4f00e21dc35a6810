/** True while the window is a phone's width; one listener for all who ask. */
import { ref, type Ref } from 'vue';

const narrow = window.matchMedia('(max-width: 767px)');
const is_phone = ref(narrow.matches);
narrow.addEventListener('change', (event) => (is_phone.value = event.matches));

export function useIsPhone(): Ref<boolean> {
  return is_phone;
}
