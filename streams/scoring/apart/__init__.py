"""Scorers that users wrote, in a process of their own, which can be given up.

A thread that is blocked can be left (`scorer_thread`), but one that keeps the interpreter's lock stops the whole
process: a regular expression that backtracks, a loop in C. So what a file or a package brings runs in a child process,
in which `Scoring` does what it does here. The child says every half second that it is alive; when it does not, its
samples go to another child, but for the one that is to blame, which keeps its whole time and then has failed.

::

    processes  which child scores what, and what becomes of those of a child that is frozen or has died
    process    one child, from outside: its pipe, its pulse, its end
    child      the program of the child
    messages   what goes through the pipe
    setup      what the child must know to make the same scorers
    where      which scorers belong here
"""
