"""Prepare data for language models: Rust filters and deduplication, model-driven operators, resumable pipelines."""
