"""Quantities: amounts as Kubernetes writes them, `250m`, `128Mi`, `1e3`."""

import re

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
_SUFFIXES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60,
}  # fmt: skip
_QUANTITY = re.compile(
    r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?:[eE]([+-]?\d{1,3})|(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]?))"
)


def parse_quantity(text: object) -> float:
    """The value of a quantity in its base unit (cores, bytes, pieces); raises ValueError."""
    match = _QUANTITY.fullmatch(str(text).strip())
    if match is None:
        raise ValueError(f"not a quantity: {str(text)[:40]!r}; expected one like 250m, 128Mi or 1e3")
    number, exponent, suffix = match.groups()
    return float(f"{number}e{exponent}") if exponent else float(number) * _SUFFIXES[suffix]
