"""The loop of labelling spans, replayed on labelled texts: sentences, words read and actions."""
