"""Discord: interactions and direct messages become events, messages become answers and sends."""
