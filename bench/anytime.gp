# How good the best organism so far is after so many floating-point operations.
# gnuplot -e "results='anytime.csv'; picture='anytime.svg'" anytime.gp
set terminal svg size 760,440 font "sans-serif,13" background "white"
set output picture
set datafile separator ","
set title "Best validation loss so far (mean over paired searches)"
set xlabel "floating-point operations of all trainings so far (10^{10})"
set ylabel "validation loss (nats per token)"
set key top right
set grid ytics lc rgb "#dddddd"
set style data lines
stats results skip 1 nooutput
plot for [i=2:STATS_columns] results using ($1/1e10):i title columnheader(i) lw 2
