# Thin on purpose: each target is a script that can be read and run by itself.
.DEFAULT_GOAL := help
.PHONY: help run serve ui test soak fuzz bench

help: ## what there is
	@sed -n 's/^\([a-z]*\): ## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## run examples/hello on what this machine has: a container engine if one answers, else plain processes
	@scripts/run

serve: ## a server for whoever works at this machine, on http://127.0.0.1:8080, everything in ./imt-data
	@scripts/serve

ui: ## the web pages, built into imt-web/dist: the server takes them from there when it is built
	@scripts/ui

test: ## set up what is needed and run everything; the last line holds the counts
	@scripts/test

soak: ## the long suites, whole
	@scripts/soak

fuzz: ## every fuzz target for ten minutes
	@scripts/fuzz 600

bench: ## measure against the budgets of docs/benchmarks.md
	@scripts/bench
