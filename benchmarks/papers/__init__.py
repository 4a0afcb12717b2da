"""Parts of the tables of the papers: data sets, models, and tables of the metrics."""
