"""Read and write logs, `.eval` and `.json`, sample by sample and in flat memory."""
