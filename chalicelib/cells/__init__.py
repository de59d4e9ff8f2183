"""The cells of CSV files: quoting, formulas, and what spreadsheets do to values."""
