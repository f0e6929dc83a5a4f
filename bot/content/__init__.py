"""What the product knows and says, as data: routine.toml and the catalogues. Pure."""
