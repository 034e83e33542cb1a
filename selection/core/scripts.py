"""Scripts that write no blanks between words, as the inside of a regex class.

Thai, Lao, Burmese, Khmer, Japanese and Chinese.
"""

BLANKLESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
