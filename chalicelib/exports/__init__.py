"""Members become a file: the job that writes an account to the bucket."""
