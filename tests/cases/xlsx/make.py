#!/usr/bin/env python3
"""Writes the workbooks of this folder (base64, one archive each) that tests/unit/test_xlsx.c reads, by Python's
zipfile, so by another writer of archives than the library that reads them:

    shop.xlsx.b64   two sheets, the second named 接管: shared, rich and inline strings, numbers with binary tails,
                    a boolean, a formula, an error, gaps, an empty row
    plain.xlsx.b64  stored, with prefixes, without references and shared strings, absolute targets, first sheet hidden
    bomb.xlsx.b64   a sheet of two million blanks

    tests/cases/xlsx/make.py            writes them all
    from make import workbook           for tests/stack
"""
import base64
import io
import os
import zipfile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def relations(*rows):
    return f'{XML}<Relationships xmlns="{PACKAGE}">' + "".join(
        f'<Relationship Id="{key}" Type="{LINKS}/{kind}" Target="{target}"/>' for key, kind, target in rows) + "</Relationships>"


def archive(parts, packed=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", packed) as file:
        for name, text in parts.items():
            file.writestr(zipfile.ZipInfo(name), text, compress_type=packed)
    return out.getvalue()


def escaped(text):
    return text.replace("&", "&amp;").replace("<", "&lt;")


def column(n):
    return chr(ord("A") + n)


def sheet_of(rows):
    """Rows of cells: str is inline text, int and float a number, None a gap."""
    text = f'{XML}<worksheet xmlns="{MAIN}"><sheetData>'
    for number, row in enumerate(rows, 1):
        text += f'<row r="{number}">'
        for at, value in enumerate(row):
            name = f"{column(at)}{number}"
            if isinstance(value, str):
                text += f'<c r="{name}" t="inlineStr"><is><t>{escaped(value)}</t></is></c>'
            elif value is not None:
                text += f'<c r="{name}"><v>{value!r}</v></c>'
        text += "</row>"
    return text + "</sheetData></worksheet>"


def workbook(rows=(), sheet=None, name="Sheet1", more=()):
    """A workbook of one sheet, its XML or its rows; more: parts beside."""
    return archive({
        "_rels/.rels": relations(("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets><sheet name="{name}" sheetId="1" r:id="rId1"/>'
                           "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(("rId1", "worksheet", "worksheets/sheet1.xml")),
        "xl/worksheets/sheet1.xml": sheet_of(rows) if sheet is None else sheet,
        **dict(more)})


def shop():
    strings = ["铺位", "商户", "电表", "期初余额", "A & <B>", "01-001"]
    shared = f'{XML}<sst xmlns="{MAIN}" count="8" uniqueCount="8">' + "".join(f"<si><t>{escaped(s)}</t></si>" for s in strings)
    shared += '<si><r><rPr><b/></rPr><t xml:space="preserve">老 </t></r><r><t>店</t></r><rPh sb="0" eb="1"><t>LAO</t></rPh></si>'
    shared += f"<si><t>{'长' * 1001}</t></si></sst>"
    rows = ('<row r="1" spans="1:4"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c>'
            '<c r="D1" t="s"><v>3</v></c></row>'
            '<row r="2"/><row r="3"><c r="A3" s="1"/><c r="B3" t="s"/></row>'
            '<row r="4"><c r="A4" t="s"><v>5</v></c><c r="B4" t="s"><v>6</v></c><c r="C4" t="inlineStr"><is><r><t>M0</t></r><t>01</t></is></c>'
            '<c r="D4" s="2"><v>86.499999999999996</v></c><c r="F4" t="b"><v>1</v></c></row>'
            '<row r="9" hidden="1"><c r="B9" t="s"><v>4</v></c><c r="C9" t="str"><f>A1&amp;"x"</f><v>x1</v></c>'
            '<c r="D9"><f>SUM(D4:D8)</f><v>1.2E+3</v></c><c r="E9" t="e"><v>#N/A</v></c><c r="F9" t="b"><v>0</v></c></row>')
    return archive({
        "[Content_Types].xml": f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(("rId3", "extended-properties", "docProps/app.xml"), ("rId1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'{XML}<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets><sheet name="说明" sheetId="1" r:id="rId1"/>'
                           '<sheet name="接管" sheetId="2" r:id="rId2"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": relations(("rId1", "worksheet", "worksheets/sheet1.xml"), ("rId4", "sharedStrings", "sharedStrings.xml"),
                                                ("rId2", "worksheet", "worksheets/sheet2.xml")),
        "xl/sharedStrings.xml": shared,
        "xl/worksheets/sheet1.xml": sheet_of([["第一张"]]),
        "xl/worksheets/sheet2.xml": f'{XML}<worksheet xmlns="{MAIN}"><dimension ref="A1:F9"/><sheetData>{rows}</sheetData>'
                                    '<extLst><ext><x><row r="1"><c><v>no cell</v></c></row></x></ext></extLst></worksheet>'})


def plain():
    cells = "<x:row><x:c><x:v>1</x:v></x:c><x:c t='str'><x:v>two</x:v></x:c></x:row><x:row><x:c/><x:c><x:v>-0.5</x:v></x:c></x:row>"
    return archive({
        "_rels/.rels": relations(("a", "officeDocument", "/book.xml")),
        "book.xml": f'<x:workbook xmlns:x="{MAIN}" xmlns:r="{LINKS}"><x:sheets><x:sheet name="h" state="hidden" sheetId="1" r:id="h"/>'
                    '<x:sheet name="s" sheetId="2" r:id="s"/></x:sheets></x:workbook>',
        "_rels/book.xml.rels": relations(("h", "worksheet", "/hidden.xml"), ("s", "worksheet", "/Sheet.xml")),
        "hidden.xml": sheet_of([["hidden"]]),
        "sheet.xml": f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{cells}</x:sheetData></x:worksheet>'}, zipfile.ZIP_STORED)


def bomb():
    return workbook(sheet=f'{XML}<worksheet xmlns="{MAIN}"><sheetData>' + " " * 2_000_000 + "</sheetData></worksheet>")


if __name__ == "__main__":
    for made in (shop, plain, bomb):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{made.__name__}.xlsx.b64")
        with open(path, "w", encoding="ascii") as file:
            file.write(base64.encodebytes(made()).decode())
