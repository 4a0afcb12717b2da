"""From files, frames and arrays to tables, and back."""
