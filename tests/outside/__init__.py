"""Verifiers that others wrote, which know nothing of this program: they must accept its log and see it altered."""
