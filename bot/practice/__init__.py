"""The pose as data and rules: who may do it, how, for how long, and what is said when. Pure."""
