"""What a run leaves behind: Parquet chunks, written by its child and read by anyone; see docs/recordings.md."""
