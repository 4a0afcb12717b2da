"""Parts of the tables of the papers: data sets, models and rivals, and what is made of the figures."""
