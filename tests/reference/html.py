"""What is wrong with HTML pages: python3 html.py FILE…, a line for each finding.

html5lib reads as the standard says how to, and tells each error of syntax. The rest is looked at here: names that are given twice,
references to names that are not there, headings that leave out a level, roles where none may be, texts for who does not see.
"""

import sys

import html5lib

HTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
# What is a table to everybody needs no role, and may have none.
TABLES = {"table", "thead", "tbody", "tfoot", "tr", "th", "td"}
# What an element of HTML may not have around it.
NOT_WITHIN = {
    "p": {"div", "ul", "ol", "dl", "table", "p", "section", "h1", "h2", "h3", "h4", "figure", "nav"},
    "a": {"a", "button", "input", "select"},
    "span": {"div", "p", "ul", "dl", "table", "section", "h1", "h2", "h3"},
    "h1": {"div", "p", "h2"},
    "h2": {"div", "p", "h3"},
    "h3": {"div", "p", "h2"},
    "dt": {"h1", "h2", "h3", "section", "nav"},
}
# Whose children have to be of these.
CHILDREN = {
    "ul": {"li"},
    "ol": {"li"},
    "dl": {"dt", "dd", "div"},
    "tr": {"th", "td"},
    "table": {"caption", "colgroup", "thead", "tbody", "tfoot"},
    "tbody": {"tr"},
    "thead": {"tr"},
}


def plain(tag):
    return tag.split("}")[-1] if isinstance(tag, str) else ""


def text_of(element):
    return "".join(element.itertext()).strip()


def findings(path):
    with open(path, "rb") as file:
        data = file.read()
    parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=True)
    root = parser.parse(data, transport_encoding="utf-8")
    for place, code, details in parser.errors:
        yield f"line {place[0]}, column {place[1]}: {code} {details}"

    above = {child: parent for parent in root.iter() for child in parent}
    names = {}
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        name = element.get("id")
        if name is not None:
            if name in names or not name or any(c.isspace() for c in name):
                yield f"id {name!r} is twice there, or is none"
            names[name] = element
    level = 0
    firsts = 0
    for element in root.iter():
        tag = plain(element.tag)
        if not tag:
            continue
        for attribute in ("for", "aria-labelledby", "aria-describedby", "aria-controls"):
            for name in (element.get(attribute) or "").split():
                if name not in names:
                    yield f"{tag} {attribute}: there is no {name!r}"
        if tag == "a" and (element.get("href") or "").startswith("#") and element.get("href")[1:] not in names:
            yield f"a: there is no {element.get('href')!r}"
        if tag in TABLES and element.get("role") is not None:
            yield f"{tag} has the role {element.get('role')}"
        if tag == "label" and any(plain(inner.tag) in ("output", "meter", "progress") for inner in element.iter()):
            yield "a label has two elements to name"
        if tag == "input" and element.get("type") in ("radio", "checkbox") and element.get("autocomplete") is not None:
            yield "a button cannot be completed"
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6") and element.tag.startswith(HTML):
            now = int(tag[1])
            firsts += now == 1
            if now > level + 1:
                yield f"{tag} {text_of(element)!r} comes after a heading of level {level}"
            if not text_of(element):
                yield f"{tag} is empty"
            level = now
        if tag in ("a", "button", "summary", "th", "caption", "label") and element.tag.startswith(HTML):
            named = text_of(element) or element.get("aria-label")
            if not named and not (tag == "label"):
                yield f"{tag} has no text"
        if element.tag == SVG + "svg" and element.get("aria-hidden") != "true":
            if element.get("role") != "img" or not element.get("aria-label"):
                yield "svg without a text"
        if tag == "img" and element.get("alt") is None:
            yield "img without alt"
        for child in element:
            inner = plain(child.tag)
            if tag in CHILDREN and element.tag.startswith(HTML) and inner and inner not in CHILDREN[tag]:
                yield f"{inner} stands in {tag}"
            if inner in NOT_WITHIN.get(tag, ()):
                yield f"{inner} stands in {tag}"
        if tag == "table":
            widths = {sum(int(cell.get("colspan", 1)) for cell in row) for row in element.iter(HTML + "tr")}
            spans = any(cell.get("rowspan") for cell in element.iter() if isinstance(cell.tag, str))
            if len(widths) > 1 and not spans:
                yield f"a table has rows of {sorted(widths)} cells"
    if firsts != 1:
        yield f"there are {firsts} h1"
    html = root if root.tag == HTML + "html" else root.find(HTML + "html")
    if not html.get("lang"):
        yield "the page does not say its language"
    if not text_of(html.find(f"{HTML}head/{HTML}title")):
        yield "the page has no title"


found = 0
for path in sys.argv[1:]:
    for finding in findings(path):
        found += 1
        print(f"{path}: {finding}")
sys.exit(1 if found else 0)
