"""An independent meter: python3-pymodbus serving the registers of a DTSY1352. usage: meter_pymodbus.py tcp|rtu HOST PORT UNITS

Ordinary functions 03 and 16 only. Written from the register table, sharing nothing with driver or simulator.
"""
import asyncio
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer


def u32(value):
    return [(value >> 16) & 0xFFFF, value & 0xFFFF]


def registers(unit):
    """0x0000..0x0500 of one meter; figures differ by unit."""
    words = [0] * 0x0500
    block = [5, 2301, 2302, 2303, 100 + unit, 200, 300, 230, 460, 690, 1380, 0, 0, 0, 0, 1000, 1000, 1000, 1000, 1, 1]
    block += u32(123456 + unit) + u32(1000) + u32(2000) + u32(3000) + u32(117456 + unit)
    block += u32(5000 + unit) + [unit, 0, 0, 0xE000, 0x0800] + u32(0)
    block += [(26 << 8) | 11, (22 << 8) | 0, (16 << 8) | 32, 5 << 8, 0, 0, 0, 0]
    words[0x0200:0x0200 + len(block)] = block
    serial = f"{202600000000 + unit:012d}"
    words[0x0043:0x0046] = [int(serial[at:at + 4], 16) for at in (0, 4, 8)]
    words[0x0400:0x0402] = [1, unit]
    for at, value in ((0x0402, 11000), (0x0404, 9000), (0x0406, 7000), (0x0408, 4000), (0x040A, 5000), (0x040C, 2000)):
        words[at:at + 2] = u32(value)
    return words


async def main():
    kind, host, port, units = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    slaves = {unit: ModbusSlaveContext(hr=ModbusSequentialDataBlock(0, registers(unit)), zero_mode=True)
              for unit in range(1, units + 1)}
    await StartAsyncTcpServer(context=ModbusServerContext(slaves=slaves, single=False), address=(host, port),
                              framer=ModbusRtuFramer if kind == "rtu" else ModbusSocketFramer)

asyncio.run(main())
