"""Texts of many kinds, on which a rounded graph is compared with the exact one."""

TEXTS = (
    "The weather is lovely today.",
    "He drove to the stadium.",
    "Why was my card declined at the cash machine?",
    "WINNER!! You have been selected for a free prize, call 0900 now",
    "ok see you at 8",
    "The central bank raised its key interest rate by a quarter of a point on Thursday, the third "
    "rise this year, and hinted at more to come if prices keep climbing.",
    "We propose a method that learns from few labelled examples. Experiments on eight data sets "
    "show that it needs half as many labels as random sampling.",
    "The Provider may terminate this agreement at any time, with or without notice, and shall not "
    "be liable for any loss arising out of or in connection with such termination.",
    "battery died after two weeks , very disappointed",
    "best phone i ever had !",
    "Who wrote the novel about the white whale ?",
    "What is the capital of Mongolia ?",
    "Patients were randomised to receive 20 mg daily or placebo for twelve weeks; the primary "
    "outcome was change in systolic blood pressure.",
    "Striker scores twice as the home side come from behind to win the cup final in extra time.",
    "New telescope finds signs of water vapour in the atmosphere of a distant planet.",
    "Der Zug nach Hamburg fällt heute wegen einer Signalstörung aus.",
    "La bibliothèque est fermée le dimanche et les jours fériés.",
    "今天天气很好，我们去公园散步。",
    "def add(a, b): return a + b",
    "404 Not Found",
    "I would like to return the shoes that I ordered last Monday because they are too small.",
    "The committee shall meet at least four times a year.",
    "lol no way",
    "Heat the oil in a large pan, add the onions and fry them gently until they are golden.",
)
