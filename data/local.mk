EXTRA_DIST += data/words/words.bin data/words/README.md data/words/LICENSE.wink \
	data/words/make-words.js data/words/extra-words.txt
dist_pkgdata_DATA = data/copse.conf
