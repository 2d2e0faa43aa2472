"""One function over many units of work: here, in processes, on any executor."""
