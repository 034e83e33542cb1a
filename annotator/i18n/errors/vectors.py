"""Sentences of the errors of encoders and vectors, by code."""

from django.utils.translation import gettext_noop

VECTORS = {
    "encoder_missing": gettext_noop("The encoder %(name)s is no longer installed."),
    "encoder_changed": gettext_noop(
        "The encoder %(name)s was changed. The items are encoded again."
    ),
    "encoder_unusable": gettext_noop("The encoder %(name)s cannot be used. %(problem)s"),
    "encoder_dimensions": gettext_noop(
        "The encoder %(name)s gives vectors of the shape %(found)s; its description says "
        "%(wanted)d numbers for each item."
    ),
    "encoder_reads_nothing": gettext_noop(
        "The encoder %(name)s could not read any of %(n)d items."
    ),
    "base_features_missing": gettext_noop(
        "The features that these are based on were removed. New ones follow."
    ),
    "predict_without_encoder": gettext_noop(
        "The model reads items with the encoder %(name)s, which is not installed. Install it "
        "again, or choose other features in the project's settings."
    ),
    "predict_with_changed_encoder": gettext_noop(
        "The encoder %(name)s was changed since the model was trained. The items are encoded "
        "again; try again after that."
    ),
    "predict_without_vectors": gettext_noop(
        "The vectors of this project came with its items. Send a vector with each new text, as "
        "“vector”."
    ),
    "vector_missing": gettext_noop("Item %(row)d has no vector. Send one with each item, or none."),
    "vectors_unused": gettext_noop(
        "The model of this project reads no vectors that come with items. Leave “vector” out."
    ),
    "encoder_away": gettext_noop("The encoder is busy or was ended. Try again in a moment."),
    "no_vectors": gettext_noop("Items of this type of project take no vectors."),
    "vector_column": gettext_noop(
        "Files of this type have no columns. Send the vectors as an .npy file."
    ),
    "vectors_twice": gettext_noop(
        "The vectors are in a column or in a file of their own, not in both."
    ),
    "no_vectors_file": gettext_noop("These ids belong to a file of vectors, which is missing."),
    "ids_missing": gettext_noop(
        "Send the ids of the items as well: a text file with one ID per line."
    ),
    "bad_npy": gettext_noop("The vectors are no .npy file of numbers: %(problem)s."),
    "npy_shape": gettext_noop("The .npy file must hold a table of numbers: one row for each item."),
    "vector_dimensions": gettext_noop(
        "The vectors have %(found)d numbers; those of the other items have %(wanted)d."
    ),
    "vectors.bad_vector": gettext_noop(
        "Row %(row)d of the vectors holds numbers that are not finite."
    ),
    "items.bad_vector": gettext_noop(
        "The vector of item %(row)d holds numbers that are not finite."
    ),
    "vector_ids": gettext_noop(
        "There are %(ids)d different ids for %(vectors)d vectors; give one a line."
    ),
}
