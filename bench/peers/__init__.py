"""What a user would pick instead, each written as its users write it: one file each."""
