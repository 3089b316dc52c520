# Benches and reports: built on demand, never part of `make check`.

python = $$(if python3 -c 'import torch' 2>/dev/null; then echo python3; else echo /usr/bin/python3; fi)
with_torch = if $(python) -c 'import torch' 2>/dev/null; then $(python)
without_torch = ; else echo 'no python3 with torch: no comparison with PyTorch'; fi

bench: tests/bench/bench$(EXEEXT) tests/bench/bench-scan$(EXEEXT) tests/bench/bench-nearest$(EXEEXT) bench-ui
	rm -rf bench-data
	tests/bench/bench$(EXEEXT) bench-data
	tests/bench/bench-scan$(EXEEXT)
	tests/bench/bench-nearest$(EXEEXT)
	@$(with_torch) $(srcdir)/tests/bench/probex_torch.py bench-data $(without_torch)
	@rm -rf bench-data

# Every kind of expert, and the paper's claims, on planted woods. What was broken off goes on where it was: each training
# that is done is kept below reproduce-data.
reproduce: tests/bench/reproduce$(EXEEXT)
	tests/bench/reproduce$(EXEEXT) reproduce-data >RESULTS.md.new
	mv RESULTS.md.new $(srcdir)/docs/RESULTS.md

# Do the intervals that an expert prints hold on models that it never met? WOODS=N: on other woods.
interval-report: tests/bench/interval-report$(EXEEXT)
	tests/bench/interval-report$(EXEEXT) interval-data-$${WOODS:-0} $${TRIALS:-40} $${WOODS:-0}

# On which weights does an expert stay silent? GATE=SEED of the woods.
gate-report: tests/bench/gate-report$(EXEEXT)
	tests/bench/gate-report$(EXEEXT) gate-data $${GATE:-41}

# A step of the form of several views beside PyTorch's: seconds of processor and memory, one thread each.
bench-views: tests/bench/views-step$(EXEEXT)
	@$(with_torch) $(srcdir)/tests/bench/views_torch.py tests/bench/views-step$(EXEEXT) $(without_torch)

# From files to an expert: `copse train` beside that form in PyTorch, on a planted wood. EPOCHS=N of PyTorch's.
bench-expert: copse$(EXEEXT)
	@$(with_torch) $(srcdir)/tests/bench/expert_torch.py ./copse$(EXEEXT) hard expert-data 0.attn2.to_q $${EPOCHS:-100} && \
	  $(python) $(srcdir)/tests/bench/expert_torch.py ./copse$(EXEEXT) classes expert-classes encoder.layer.1.dense \
	  $${EPOCHS:-100} \
	  $(without_torch)

# For maintainers: the word table from what data/words/make-words.js writes (GLOVE=FILE), and the nouns, of WordNet 3.0.
words: tests/bench/retrofit-words$(EXEEXT) tests/bench/make-synsets$(EXEEXT)
	tests/bench/retrofit-words $${WORDNET:-/usr/share/wordnet} $${GLOVE:?what make-words.js wrote} $(srcdir)/data/words/words.bin
	tests/bench/make-synsets $${WORDNET:-/usr/share/wordnet} $(srcdir)/data/labels/synsets.bin

# Does the hard wood separate methods? 200 concepts: some minutes; CONCEPTS=1000 is the whole of it.
hard-report: tests/bench/hard-report$(EXEEXT)
	@rm -rf hard-data hard-data.truth.json hard-data.state
	tests/bench/hard-report$(EXEEXT) hard-data $${CONCEPTS:-200}
	@rm -rf hard-data hard-data.truth.json hard-data.state

# The CLIP text tower beside PyTorch, when there is one: shapes of ViT-B/32 and ViT-L/14.
check-clip: copse$(EXEEXT) tests/bench/bench-clip$(EXEEXT)
	@$(with_torch) $(srcdir)/tests/bench/clip_torch.py \
	  ./copse$(EXEEXT) tests/bench/bench-clip$(EXEEXT) $(srcdir)/tests/fixtures/clip $(without_torch)

bench-lineage: tests/bench/bench-lineage$(EXEEXT)
	tests/bench/bench-lineage$(EXEEXT)

# How well lineage recovers planted woods and stars, and woods that PyTorch grows where it is there: some minutes each.
# REPORT=DIR keeps what is planted.
lineage-report: tests/bench/lineage-report$(EXEEXT)
	@$(with_torch) $(srcdir)/tests/bench/lineage_torch.py $${REPORT:-lineage-data}/others 11 $(without_torch)
	tests/bench/lineage-report$(EXEEXT) $${REPORT:-lineage-data} >RESULTS-lineage.md.new
	mv RESULTS-lineage.md.new $(srcdir)/docs/RESULTS-lineage.md
	@[ "$${REPORT-}" ] || rm -rf lineage-data

# The constants of lineage's confidence, fitted on some hundred woods: some minutes. FIT=DIR keeps the woods, and those of another
# maker in DIR/others (lineage_torch.py DIR/others 1) are fitted on too.
lineage-fit: tests/bench/lineage-fit$(EXEEXT)
	tests/bench/lineage-fit$(EXEEXT) $(FIT)

# A folder of 2,000 adapters: families, wrong declarations, copies, bases, how long each answer takes, what deleting the
# copies frees; 400 MB for half a minute.
bench-adapters: copse$(EXEEXT) tests/bench/adapter-folder$(EXEEXT)
	@rm -rf bench-adapters-data
	tests/bench/adapter-folder$(EXEEXT) bench-adapters-data 2000 1 ./copse$(EXEEXT)
	@rm -rf bench-adapters-data

# The interface in a terminal of its own.
bench-ui: copse$(EXEEXT) tests/bench/bench-ui$(EXEEXT)
	@rm -rf bench-ui-data
	tests/bench/bench-ui$(EXEEXT) ./copse$(EXEEXT) bench-ui-data
	@rm -rf bench-ui-data

# Words and search on planted woods, as docs/SEARCH.md: some five minutes on two cores.
search-report: tests/bench/fusion-report$(EXEEXT) tests/bench/words-report$(EXEEXT)
	tests/bench/words-report$(EXEEXT) search-data $(srcdir)/tests/fixtures >SEARCH.md.new
	tests/bench/fusion-report$(EXEEXT) search-data >>SEARCH.md.new
	mv SEARCH.md.new $(srcdir)/docs/SEARCH.md

.PHONY: words bench bench-views bench-expert interval-report gate-report reproduce hard-report check-clip bench-lineage bench-adapters lineage-report lineage-fit bench-ui search-report
