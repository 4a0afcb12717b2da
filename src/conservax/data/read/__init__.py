"""Readers and writers of tables: files, data frames and arrays."""
