"""The corridor: one file per journey, its transactions in plain sight. Only here do rooms meet."""
