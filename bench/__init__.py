"""`make bench`: what a reminder, a cue and a turn cost, beside what others would use."""
