"""How bytes travel to one partner's address. Each refuses to send where it cannot prove whom it is speaking to."""
