"""From notebooks and parameters to a published site.

The steps, in order: `plan` (what runs), `parameters` (are the values right), `integrity` (are the tables those
described), `supervise` and `worker` (execution), `clean`, `site` and `results` (what readers get), `publish`
(moving it in). `run` puts them together.
"""
