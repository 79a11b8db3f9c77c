"""Dead letters: records that could not be scored, kept as they came, looked at, sent again or given up."""
