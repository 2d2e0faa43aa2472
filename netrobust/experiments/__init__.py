"""Networks in, one row per score out: percolate, compare, attack, recover, measure."""
