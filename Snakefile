# The workflow is in workflow/; this file lets `snakemake` find it from the project's root.
include: "workflow/Snakefile"


workflow.default_target = "all"
