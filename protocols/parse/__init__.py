"""Agreements as TOML files: read with every defect named by file, line and field; written so that they read back."""

from protocols.parse.defects import AgreementError, Defect
from protocols.parse.read import parse_agreement
from protocols.parse.write import write_agreement

__all__ = ["AgreementError", "Defect", "parse_agreement", "write_agreement"]
