# After all rules.
if workflow.is_main_process:
    date_records()
