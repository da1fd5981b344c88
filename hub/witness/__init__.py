"""A witness of other hubs' logs, run by a partner or a data-protection officer, who need no hub of their own."""
