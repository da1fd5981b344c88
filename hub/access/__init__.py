"""Who is signed in, and who may press which button. Deny by default."""
