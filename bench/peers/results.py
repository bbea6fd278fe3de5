"""What was measured, in one JSON file that is written after every case."""

import json
import os
import statistics
from datetime import datetime, timezone
from pathlib import Path


class Results:
    """Cases by name and format. A case that is measured again replaces its older self; all others stay."""

    def __init__(self, file: Path):
        self.file = file
        self.document: dict = json.loads(file.read_text()) if file.is_file() else {}
        self.document.setdefault("cases", {})

    @property
    def cases(self) -> list["Case"]:
        return [Case(self, fields) for fields in self.document["cases"].values()]

    def describe(self, **facts) -> None:
        self.document.update(facts)

    def case(self, name: str, form: str, version: str) -> "Case":
        at = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M")
        fields = {"case": name, "format": form, "version": version, "at": at, "metrics": {}, "other_cores": {}, "notes": []}
        self.document["cases"][f"{name} {form}"] = fields
        return Case(self, fields)

    def save(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        new = self.file.with_name(self.file.name + ".new")
        new.write_text(json.dumps(self.document, indent=1) + "\n")
        os.replace(new, self.file)


class Case:
    def __init__(self, results: Results, fields: dict):
        self.results, self.fields = results, fields

    @property
    def name(self) -> str:
        return self.fields["case"]

    @property
    def format(self) -> str:
        return self.fields["format"]

    def add(self, engine: str, values: dict) -> None:
        """One round of one engine. What is not a number is kept in the file and never summed up."""
        for metric, value in values.items():
            self.fields["metrics"].setdefault(metric, {}).setdefault(engine, []).append(value)

    def disturbed(self, engine: str, other_cores: float) -> None:
        self.fields["other_cores"].setdefault(engine, []).append(other_cores)

    def note(self, text: str) -> None:
        if text not in self.fields["notes"]:
            self.fields["notes"].append(text)

    def values(self, metric: str, engine: str) -> list:
        return self.fields["metrics"].get(metric, {}).get(engine, [])

    def median(self, metric: str, engine: str) -> float | None:
        values = self.values(metric, engine)
        return statistics.median(values) if values else None
