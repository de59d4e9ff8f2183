"""The model of AWS that benchmarks and tests share."""
