"""The guard's engine: is there a readable registry credential in these bytes?

::

    bytes --may_matter--> bytes --examine--> Facts --judge(path, policy)--> Judgement
                                             Facts --judge_change--------->
                                             Facts --judge_set------------>

``Facts`` say what stands in a content and hold neither a secret nor a function of one, so they are
kept by blob id and ``ENGINE_VERSION``. What depends on a path, on creation rules or on exceptions
is decided anew by ``judge`` each time. One rule is one module in ``rules``.
"""
