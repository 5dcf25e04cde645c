"""The parts that a study is done in: one prompt, one seed, one condition, done whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from studies.data import Item, chosen_items, training_items
from studies.study import AnyStudy, ClassificationStudy, DataSet, GenerationStudy


@dataclass(frozen=True)
class Unit:
    """condition: number of the template and verbalizer; 0 where there is only one."""

    data: str
    item: Item
    seed: int
    condition: int = 0

    @property
    def name(self) -> str:
        return f"{self.data}-{self.item.number}-{self.seed}-{self.condition}"


def method_seed(unit: Unit) -> int:
    """What a method draws by: another number for each prompt, so that chance is not the same for all."""
    return (unit.seed + unit.item.number) % 2**31


def units_of(study: AnyStudy) -> tuple[list[Unit], str]:
    """All parts of a study, those that share a tuned model side by side, and a digest of their texts and of
    those that the model is tuned on."""
    conditions = len(study.conditions()) if isinstance(study, ClassificationStudy) else 1
    units: list[tuple[int, Unit]] = []
    digest = hashlib.sha256()
    for data in study.data:
        items = chosen_items(study, data)
        for item in [*items, *_learned_from(study, data)]:
            digest.update(f"{data.name}\0{item.number}\0{item.text}\0{item.label}\0".encode())
        units += [
            (place, Unit(data.name, item, seed, condition))
            for seed in study.seeds
            for condition in range(conditions)
            for place, item in enumerate(items)
        ]
    if isinstance(study, GenerationStudy):  # all data sets in turn, so that half a study knows each
        units.sort(key=lambda placed: placed[0])
    return [unit for _, unit in units], digest.hexdigest()


def _learned_from(study: AnyStudy, data: DataSet) -> list[Item]:
    if isinstance(study, GenerationStudy) or not any(map(study.learns, study.verbalizers)):
        return []
    return training_items(data)
