"""The rows of the table: printed as they come, kept for the result file."""
import json
import os

from harness import BUILD

DIR = f"{BUILD}/bench"
RESULTS = f"{DIR}/results.json"
rows = []


def row(case, what, value, unit, reference=None, reference_name=None, wanted=None):
    """One figure, beside its reference; value None: it could not be measured here."""
    ratio = value / reference if reference and value is not None else None
    rows.append({"case": case, "what": what, "value": value, "unit": unit, "ratio": ratio,
                 "reference": reference, "reference_name": reference_name, "wanted": wanted})
    beside = f"{reference:10.3f} {ratio:6.2f} x {reference_name}" if ratio is not None else ""
    shown = "not measured" if value is None else f"{value:12.3f}"
    print(f"{case:8} {what:44} {shown} {unit:12} {wanted or '':12} {beside}".rstrip(), flush=True)


def save(about):
    """Writes the rows and what is said about them. Rows of cases that were not run now stay from
    the file of before, when that was of the same sizes."""
    kept = []
    if os.path.exists(RESULTS):
        with open(RESULTS) as f:
            old = json.load(f)
        now = {r["case"] for r in rows}
        if old.get("names") == about["names"]:
            kept = [r for r in old["rows"] if r["case"] not in now]
    with open(RESULTS + ".new", "w") as f:
        json.dump(dict(about, rows=kept + rows), f, indent=1)
    os.rename(RESULTS + ".new", RESULTS)
