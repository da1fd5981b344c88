"""The entrance for those who watch: figures and health on an address of their own, with nothing of any case."""
