EXTRA_DIST += data/words/words.bin data/words/README.md data/words/LICENSE.wink \
	data/words/make-words.js data/words/extra-words.txt
dist_pkgdata_DATA = data/copse.conf
EXTRA_DIST += data/labels/README.md data/labels/cifar100.txt data/labels/imagenet.txt \
	data/labels/tiny-imagenet.txt data/labels/LICENSE.torchvision data/labels/LICENSE.wordnet
