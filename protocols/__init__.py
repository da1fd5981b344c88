"""The language of disclosure and the agreements: pure values, importing nothing else of ours."""
