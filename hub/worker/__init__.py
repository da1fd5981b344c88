"""The worker's entrance: Celery app and timetable. Tasks take ids and call one flow each."""
