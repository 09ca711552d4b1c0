/* A layer without a source yet. */
typedef int mtlsgate_empty_translation_unit;
