"""The model of spans: lexicon, features, the linear-chain CRF, and the choice of texts."""
