# What a person types; tools/run.py does it, also where there is no make.
PYTHON ?= python3

.PHONY: demo test lint docs

demo test lint docs:
	@$(PYTHON) tools/run.py $@
